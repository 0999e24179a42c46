// Writes what is made from the table of configuration keys to standard output:
//   config_reference docs     docs/configuration.md
//   config_reference example  config/sotto.yaml.example
//   config_reference schema   config/sotto.schema.json
#include "config/reference.hpp"

#include <iostream>
#include <string_view>

int main(int count, char** words)
{
    const std::string_view wanted = count == 2 ? words[1] : "";
    if (wanted == "docs")
        std::cout << sotto::config::reference_page();
    else if (wanted == "example")
        std::cout << sotto::config::example_file();
    else if (wanted == "schema")
        std::cout << sotto::config::json_schema();
    else {
        std::cerr << "usage: config_reference docs|example|schema\n";
        return 2;
    }
    return 0;
}
