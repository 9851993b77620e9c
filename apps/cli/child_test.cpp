#include "apps/cli/child_test.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <numbers>
#include <random>

#include "apps/cli/audio_file.hpp"

namespace sidetone::cli::test {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "sidetone-cli-XXXXXX";
    path = mkdtemp(pattern.data());
  }

  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  std::filesystem::path path;
};

}  // namespace

Child::Child(const std::vector<std::string>& arguments,
             const std::vector<std::string>& environment) {
  std::vector<std::string> words{SIDETONE_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto settings = environment;
  for (char** each = environ; *each != nullptr; ++each)
    if (!std::string_view(*each).starts_with("LIVEKIT_")) settings.emplace_back(*each);
  auto argv = pointers(words);
  auto envp = pointers(settings);
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

void Child::signal(int number) const {
  kill(pid_, number);
}

// False at the end of both.
bool Child::read_some(std::chrono::milliseconds limit) {
  pollfd wanted[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  if (poll(wanted, 2, static_cast<int>(limit.count())) <= 0) return true;
  char buffer[4096];
  bool open = false;
  std::string* texts[2] = {&outcome_.out, &outcome_.err};
  for (int i = 0; i < 2; ++i) {
    if (wanted[i].revents == 0) {
      open = true;
      continue;
    }
    const auto size = read(wanted[i].fd, buffer, sizeof buffer);
    if (size <= 0) continue;
    open = true;
    texts[i]->append(buffer, static_cast<std::size_t>(size));
  }
  return open;
}

std::string Child::first_line(std::chrono::seconds limit) {
  const auto until = Clock::now() + limit;
  while (outcome_.out.find('\n') == std::string::npos) {
    if (Clock::now() > until || !read_some(std::chrono::milliseconds(100))) return "";
  }
  return outcome_.out.substr(0, outcome_.out.find('\n'));
}

Outcome Child::wait(std::chrono::seconds limit) {
  const auto until = Clock::now() + limit;
  int status = 0;
  for (bool open = true; waitpid(pid_, &status, WNOHANG) == 0;) {
    if (Clock::now() > until) return outcome_;  // the destructor kills it
    if (open)
      open = read_some(std::chrono::milliseconds(20));
    else
      usleep(5000);
  }
  pid_ = -1;
  while (read_some(std::chrono::milliseconds(0)) && Clock::now() < until) {
    pollfd rest[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    if (poll(rest, 2, 0) <= 0) break;
  }
  outcome_.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome_;
}

Outcome run(const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment) {
  return Child(arguments, environment).wait();
}

boost::json::object json_of(const std::string& text) {
  boost::system::error_code ec;
  const auto value = boost::json::parse(text, ec);
  EXPECT_TRUE(!ec && value.is_object()) << text;
  return value.is_object() ? value.get_object() : boost::json::object();
}

std::string scratch(const std::string& name) {
  static const Folder folder;
  return folder.path / name;
}

// Syllables of a wandering pitch with overtones, breath between them.
const std::string& speech_file() {
  static const std::string path = [] {
    constexpr int kRate = 48000;
    constexpr int kTenths = 35;
    std::mt19937 random(7);
    std::normal_distribution<double> breath(0, 30);
    std::vector<std::int16_t> samples;
    double phase = 0;
    double pitch = 140;
    double loud = 0;
    for (int i = 0; i < kRate / 10 * kTenths; ++i) {
      if (i % (kRate / 5) == 0) {
        pitch = 110 + static_cast<double>(random() % 120);
        loud = random() % 5 == 0 ? 0 : 1;
      }
      const double t = static_cast<double>(i % (kRate / 5)) / (kRate / 5);
      phase += 2 * std::numbers::pi * pitch * (1 + 0.2 * t) / kRate;
      double voice = 0;
      for (int k = 1; k <= 18; ++k)
        voice += std::sin(k * phase) * (std::abs(k * pitch - 600) < 250 ? 2.0 : 6.0 / (k + 5));
      const double envelope = loud * std::sin(std::numbers::pi * t);
      samples.push_back(static_cast<std::int16_t>(700 * voice * envelope + breath(random)));
    }
    auto file = scratch("speech.wav");
    WavWriter writer(file, kRate, 1);
    writer.write(samples);
    writer.close();
    return file;
  }();
  return path;
}

}  // namespace sidetone::cli::test
