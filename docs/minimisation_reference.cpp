// Writes docs/minimisation.md from the tables that the daemon itself goes by.
#include "core/privacy/minimisation_page.hpp"

#include <iostream>

int main()
{
    std::cout << sotto::minimisation_page();
    return std::cout.good() ? 0 : 1;
}
