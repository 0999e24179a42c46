#pragma once
#include <string>
#include <vector>

/// Descriptors that outlive the process (systemd.service(5) FileDescriptorStoreMax=): the service manager holds them
/// and gives them to the next process of the service. Without a service manager nothing is kept.
namespace sotto::os {

struct PassedDescriptor {
    std::string name;
    int number{-1}; ///< the caller closes it
};

/// What the process was given at its start (sd_listen_fds(3)): stored by the process before, or opened by a socket
/// unit. Called once: the environment forgets them.
std::vector<PassedDescriptor> passed_descriptors();
[[nodiscard]] bool is_listening(int descriptor);

/// `name`: at most 255 characters, no colon, unique among what is stored. False when nobody keeps it.
bool store_descriptor(const std::string& name, int descriptor);
/// The service manager closes its copy.
void forget_descriptor(const std::string& name);

} // namespace sotto::os
