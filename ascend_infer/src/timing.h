// Times of single runs, and their statistics.
#ifndef ASCEND_INFER_TIMING_H_
#define ASCEND_INFER_TIMING_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace matting {

class Stopwatch {
 public:
  double Milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The newest of any number of values, so that a stream without end takes no more and more memory.
class RecentValues {
 public:
  static constexpr size_t kMost = 100'000;

  void Add(double value) {
    if (count_ < kMost) {
      values_.push_back(value);
    } else {
      values_[count_ % kMost] = value;
    }
    ++count_;
  }

  // Of all values, older ones too.
  size_t count() const { return count_; }

  // In no order.
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
  size_t count_ = 0;
};

struct Statistics {
  double mean, median, percentile_95, min, max;
};

// Summarises at least one value; percentiles are interpolated linearly between the nearest values.
Statistics Summarise(std::vector<double> values);

// Formats the report: the published line with the mean, the other statistics, the rate of the whole pipeline.
std::string Report(const std::vector<double>& milliseconds, double pipeline_milliseconds);

}  // namespace matting

#endif  // ASCEND_INFER_TIMING_H_
