// A named leak: usrsctp keeps its state, and the only global of the project, per process. It reads
// gettimeofday for round trips and the kernel for randomness; time for its timers is handed in
// here. In tests drive_timers() takes virtual time.
//
// The shell's sctp_host calls drive_timers() every 10 ms from one Runtime while associations()
// is not 0 (and for a second longer, so that closed ones are freed). Any thread, one at a time.
#pragma once

#include <chrono>
#include <cstddef>

namespace sidetone::sctp {

// Runs usrsctp's timers that fall due within `elapsed`. What they send lands in the mailboxes of
// its associations, whose wake functions are called on this thread. Returns false, having done
// nothing, when another thread is in here.
bool drive_timers(std::chrono::milliseconds elapsed);

// How many associations exist in this process.
std::size_t associations();

}  // namespace sidetone::sctp
