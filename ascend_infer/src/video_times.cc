#include "video_times.h"

#include <iomanip>
#include <sstream>
#include <utility>

namespace matting {

std::string StageReport(const VideoTimes& times, int cuts) {
  const size_t count = times.whole.count();
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << count << " frames, cuts: " << cuts << "; milliseconds a frame";
  if (count > RecentValues::kMost) {
    text << ", of the last " << RecentValues::kMost;
  }
  text << ":\n" << std::setw(27) << "median" << std::setw(17) << "95th percentile\n";
  for (const auto& [stage, times_of_stage] :
       {std::pair("conversion", &times.conversion), {"resize", &times.resize}, {"network", &times.network},
        {"compositing", &times.compositing}, {"conversion back", &times.conversion_back},
        {"camera to display", &times.whole}}) {
    const Statistics statistics = Summarise(times_of_stage->values());
    text << std::left << std::setw(20) << stage << std::right << std::setw(7) << statistics.median << std::setw(16)
         << statistics.percentile_95 << "\n";
  }
  const double network = Summarise(times.network.values()).median;
  text << "camera to display / network: " << std::setprecision(2)
       << Summarise(times.whole.values()).median / network << "; "
       << 1000 * static_cast<double>(count) / times.total << " frames/s\n";
  return text.str();
}

}  // namespace matting
