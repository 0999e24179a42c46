#pragma once

namespace sotto::test {

/// How often this process has waited for the disk (fdatasync), and the errno with which it does so no more; 0: it does.
int flushes();
void fail_flushes(int error);

} // namespace sotto::test
