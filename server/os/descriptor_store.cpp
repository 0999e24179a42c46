#include "os/descriptor_store.hpp"

#include <systemd/sd-daemon.h>

#include <sys/socket.h>

#include <cstdlib>

namespace sotto::os {

std::vector<PassedDescriptor> passed_descriptors()
{
    std::vector<PassedDescriptor> passed;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    for (int i = 0; i < count; ++i) {
        passed.push_back({.name = names[i], .number = SD_LISTEN_FDS_START + i});
        std::free(names[i]);
    }
    std::free(names);
    return passed;
}

bool is_listening(int descriptor) { return sd_is_socket(descriptor, AF_UNSPEC, SOCK_STREAM, 1) > 0; }

bool store_descriptor(const std::string& name, int descriptor)
{
    // FDPOLL=0: kept also when there is an error on it, until we or the end of the service say otherwise.
    const auto message = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + name;
    return sd_pid_notify_with_fds(0, 0, message.c_str(), &descriptor, 1) > 0;
}

void forget_descriptor(const std::string& name) { sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + name).c_str()); }

} // namespace sotto::os
