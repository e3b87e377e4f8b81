#include "stop.h"

#include <csignal>
#include <initializer_list>

namespace matting {

namespace {

volatile std::sig_atomic_t stop_signal = 0;

void Note(int number) { stop_signal = number; }

}  // namespace

void HandleStopSignals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction earlier = {};
    sigaction(number, nullptr, &earlier);
    if (earlier.sa_handler == SIG_IGN) {  // as nohup asks for
      continue;
    }
    struct sigaction action = {};
    action.sa_handler = Note;
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
    sigaction(number, &action, nullptr);
  }
}

int StopSignal() { return stop_signal; }

}  // namespace matting
