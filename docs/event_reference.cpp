// Writes docs/events.md, which is made from the table of events, to standard output.
#include "log/events.hpp"

#include <iostream>

int main()
{
    std::cout << sotto::log::event_page();
    return 0;
}
