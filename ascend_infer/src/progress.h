// The progress line on the terminal.
#ifndef ASCEND_INFER_PROGRESS_H_
#define ASCEND_INFER_PROGRESS_H_

#include <cstdio>

#include "timing.h"

namespace matting {

// Is updated in place.
class Progress {
 public:
  explicit Progress(size_t total) : total_(total) {}
  ~Progress() {
    if (is_shown_) {
      std::fprintf(stderr, "\n");
    }
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void Show(size_t done) {
    if (since_shown_.Milliseconds() < kInterval && done < total_) {
      return;
    }
    since_shown_ = Stopwatch();
    is_shown_ = true;
    std::fprintf(stderr, "\rinference: %zu/%zu, %.2f images/s", done, total_,
                 1000 * static_cast<double>(done) / since_start_.Milliseconds());
  }

 private:
  static constexpr double kInterval = 500;  // ms

  size_t total_;
  bool is_shown_ = false;
  Stopwatch since_start_;
  Stopwatch since_shown_;
};

}  // namespace matting

#endif  // ASCEND_INFER_PROGRESS_H_
