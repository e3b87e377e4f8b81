#include "video_command.h"

#include <iostream>

#include "compositing.h"
#include "open_session.h"
#include "own_stdout.h"
#include "stop.h"
#include "video_pipeline.h"

namespace matting {

namespace {

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
  if (StopSignal() == 0 && times.whole.count() == 0) {
    throw Error(arguments.video.string() + ": holds no frame");
  }
  if (StopSignal() == 0 || is_live) {
    outputs.composites.Finish();
    outputs.alphas.Finish();
  }
  if (times.whole.count() > 0) {
    const std::string report = StageReport(times, matting.cuts());
    std::cout << report << std::flush;
    WriteTimes(arguments, report);
  }
  return StopSignal() == 0 ? kDone : kStopped + StopSignal();
}

}  // namespace matting
