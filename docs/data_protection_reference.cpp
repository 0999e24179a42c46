// Writes docs/data-protection.md, which is made from schema/purposes.yaml and the retention matrix, to standard output.
#include "store/data_protection.hpp"

#include <iostream>

int main()
{
    std::cout << sotto::store::data_protection_page();
    return 0;
}
