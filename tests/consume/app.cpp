// What a stranger's first program needs: the umbrella header, a token, a Runtime. Fails if any of
// it does not link.
#include <iostream>
#include <sidetone/sidetone.hpp>

int main() {
  sidetone::Runtime runtime;
  sidetone::AudioSource source(runtime, {.sample_rate = 24000, .num_channels = 1});
  std::cout << "queued " << source.queued_duration().count() << " ns\n";
  return source.queued_duration().count() == 0 ? 0 : 1;
}
