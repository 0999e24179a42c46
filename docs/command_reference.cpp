// Writes what is made from the tables of commands and configuration keys to standard output:
//   command_reference docs        docs/commands.md
//   command_reference manual      docs/man/sotto.1
//   command_reference completion  packaging/completion/sotto
//   command_reference keys        docs/man/sotto.yaml.5
#include "config/reference.hpp"
#include "ctl/commands/reference.hpp"

#include <iostream>
#include <string_view>

int main(int count, char** words)
{
    const std::string_view wanted = count == 2 ? words[1] : "";
    if (wanted == "docs")
        std::cout << sotto::ctl::command_page();
    else if (wanted == "manual")
        std::cout << sotto::ctl::manual_page();
    else if (wanted == "completion")
        std::cout << sotto::ctl::bash_completion();
    else if (wanted == "keys")
        std::cout << sotto::config::manual_page();
    else {
        std::cerr << "usage: command_reference docs|manual|completion|keys\n";
        return 2;
    }
    return 0;
}
