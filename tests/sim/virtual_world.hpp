// Time and randomness of a simulation, for our machines and for the libraries under them.
//
// A leak, named: OpenSSL reads gettimeofday and RAND, usrsctp gettimeofday and read_random; this
// program defines the one and seeds the others. All are process-wide: one simulation at a time.
#pragma once

#include <cstdint>

#include "core/base/time.hpp"

namespace sidetone::sim {

// Starts virtual time and randomness afresh.
void reset_world(std::uint64_t seed);

base::Instant now();
void advance_to(base::Instant at);

// Unix time of Instant zero.
base::WallClock wall_clock();

}  // namespace sidetone::sim
