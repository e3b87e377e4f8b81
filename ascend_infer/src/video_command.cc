#include "video_command.h"

#include <iomanip>
#include <iostream>
#include <sstream>

#include "compositing.h"
#include "open_session.h"
#include "own_stdout.h"
#include "stop.h"
#include "timing.h"
#include "video_pipeline.h"

namespace matting {

namespace {

std::string StageReport(const VideoTimes& times, int cuts) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << times.whole.size() << " frames, cuts: " << cuts
       << "; milliseconds a frame:\n"
       << std::setw(27) << "median" << std::setw(17) << "95th percentile\n";
  for (const auto& [stage, values] :
       {std::pair("conversion", &times.conversion), {"resize", &times.resize}, {"network", &times.network},
        {"compositing", &times.compositing}, {"conversion back", &times.conversion_back},
        {"camera to display", &times.whole}}) {
    const Statistics statistics = Summarise(*values);
    text << std::left << std::setw(20) << stage << std::right << std::setw(7) << statistics.median << std::setw(16)
         << statistics.percentile_95 << "\n";
  }
  const double network = Summarise(times.network).median;
  text << "camera to display / network: " << std::setprecision(2) << Summarise(times.whole).median / network << "; "
       << 1000 * static_cast<double>(times.whole.size()) / times.total << " frames/s\n";
  return text.str();
}

void CheckOutput(const Arguments& arguments, const std::filesystem::path& output) {
  std::error_code error;
  if (std::filesystem::equivalent(arguments.video, output, error)) {
    throw Error(output.string() + ": is the video itself; choose another file for the result");
  }
}

}  // namespace

int RunVideo(const Arguments& arguments) {
  const FrameKind kind = {arguments.format == "nv21", arguments.height, arguments.width};
  const Picture background = MakeBackground(arguments.background, kind.height, kind.width);
  FrameReader frames(arguments.video, kind);
  CheckOutput(arguments, arguments.output);
  CheckOutput(arguments, arguments.mattes);
  // Before the runtime prints anything.
  Stream own_stdout = arguments.output == "-" || arguments.mattes == "-" ? OwnStdout() : Stream(nullptr, std::fclose);
  const std::unique_ptr<Session> session = OpenSession(arguments);
  FrameMatting matting(session.get(), {kind.height, kind.width});
  const bool is_live = frames.count() == 0;
  VideoOutputs outputs = {FrameWriter(arguments.output, is_live, &own_stdout),
                          FrameWriter(arguments.mattes, is_live, &own_stdout)};
  HandleStopSignals();
  const VideoTimes times = RunVideoPipeline(&matting, kind, background, &frames, &outputs);
  if (StopSignal() == 0 && times.whole.empty()) {
    throw Error(arguments.video.string() + ": holds no frame");
  }
  if (StopSignal() == 0 || is_live) {
    outputs.composites.Finish();
    outputs.alphas.Finish();
  }
  if (!times.whole.empty()) {
    const std::string report = StageReport(times, matting.cuts());
    std::cout << report << std::flush;
    WriteTimes(arguments, report);
  }
  return StopSignal() == 0 ? kDone : kStopped + StopSignal();
}

}  // namespace matting
