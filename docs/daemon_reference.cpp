// Writes docs/man/sottod.8, which is made from what the daemon itself reads its command line and signals by.
#include "app/daemon_line.hpp"

#include <iostream>

int main()
{
    std::cout << sotto::app::daemon_manual();
    return 0;
}
