// Loaded into a daemon under test (LD_PRELOAD): whether the kernel says that a time server steers its clock, whatever
// the machine really has. TIME_SERVER=steers: it does; anything else: nobody does.
#include <cstdlib>
#include <string_view>
#include <sys/timex.h>

extern "C" int adjtimex(timex* state) noexcept
{
    const char* told = std::getenv("TIME_SERVER");
    const bool steers = told != nullptr && std::string_view{told} == "steers";
    *state = timex{};
    state->status = steers ? STA_PLL : STA_UNSYNC;
    return steers ? TIME_OK : TIME_ERROR;
}
