#include "timing.h"

#include <algorithm>
#include <iomanip>
#include <numeric>
#include <sstream>

namespace matting {

namespace {

double Percentile(const std::vector<double>& sorted, double fraction) {
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Statistics Summarise(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {sum / static_cast<double>(values.size()), Percentile(values, 0.5), Percentile(values, 0.95),
          values.front(), values.back()};
}

std::string Report(const std::vector<double>& milliseconds, double pipeline_milliseconds) {
  const Statistics statistics = Summarise(milliseconds);
  const double count = static_cast<double>(milliseconds.size());
  std::ostringstream text;
  text << std::fixed << std::setprecision(3);
  text << "NN inference cost average time: " << statistics.mean << " ms of infer_count "
       << milliseconds.size() << "\n";
  text << "median " << statistics.median << " ms, 95th percentile " << statistics.percentile_95
       << " ms, min " << statistics.min << " ms, max " << statistics.max << " ms\n";
  text << "from file to file: " << 1000 * count / pipeline_milliseconds << " images/s\n";
  return text.str();
}

}  // namespace matting
