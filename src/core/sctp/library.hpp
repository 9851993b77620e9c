// A named leak: usrsctp keeps its state, and with it the only global of the project, per process.
//
// It takes the time of round trips from gettimeofday and its random numbers from the kernel, by a
// function read_random() that a simulation may define for itself; the time of its timers comes in
// here. Its state is made with the first association and kept until the process ends: it holds no
// thread and no descriptor.
//
// The shell's sctp_host calls drive_timers() every 10 ms from one Runtime while associations()
// is not 0, and for a while longer so that closed ones are freed. Tests hand in virtual time.
#pragma once

#include <chrono>
#include <cstddef>

namespace sidetone::sctp {

// Runs usrsctp's timers that fall due within `elapsed`. What they send lands in the mailboxes of
// its associations, whose wake functions are called on this thread. Returns false, having done
// nothing, while another thread is in here. Any thread.
bool drive_timers(std::chrono::milliseconds elapsed);

// How many associations exist in this process. Any thread.
std::size_t associations();

// Called whenever the first association of the process begins to exist, on its thread: somebody
// must drive the timers from now on. Set once, by the shell; must only post.
void set_timers_needed(void (*call)());

// For this folder, before its first socket.
void initialise_library();

}  // namespace sidetone::sctp
