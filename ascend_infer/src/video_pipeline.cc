#include "video_pipeline.h"

#include <future>
#include <optional>

#include "compositing.h"
#include "progress.h"
#include "stop.h"

namespace matting {

namespace {

// Calls a function and notes how long it took.
template <typename Function>
auto Timed(RecentValues* milliseconds, const Function& function) {
  const Stopwatch watch;
  auto result = function();
  milliseconds->Add(watch.Milliseconds());
  return result;
}

}  // namespace

VideoTimes RunVideoPipeline(FrameMatting* matting, const FrameKind& kind, const Picture& background,
                            FrameReader* frames, VideoOutputs* outputs) {
  VideoTimes times;
  const Stopwatch total;
  std::optional<Progress> progress;
  if (frames->count() > 0) {
    progress.emplace(frames->count());
  }
  const auto finish = [&](const Stopwatch& since_read, const Picture& colours, const Map& alpha) {
    const Picture composite = Timed(&times.compositing, [&] {
      return Composite(colours, FrameAlpha(alpha, matting->place(), kind.height, kind.width), background);
    });
    const std::vector<uint8_t> frame = Timed(&times.conversion_back, [&] { return kind.FromRgb(composite); });
    outputs->composites.Write(frame.data(), frame.size());
    outputs->alphas.Write(alpha.values.data(), alpha.values.size() * sizeof(float));
    times.whole.Add(since_read.Milliseconds());
  };
  std::future<void> finishing;
  std::vector<uint8_t> frame;
  while (StopSignal() == 0 && frames->Read(&frame)) {
    const Stopwatch since_read;
    Picture colours = Timed(&times.conversion, [&] { return kind.ToRgb(frame); });
    const Picture input = Timed(&times.resize, [&] { return matting->Prepare(colours); });
    Map alpha = Timed(&times.network, [&] { return matting->Run(input); });
    if (finishing.valid()) {
      finishing.get();
    }
    finishing = std::async(std::launch::async, [&finish, since_read, colours = std::move(colours),
                                                alpha = std::move(alpha)] { finish(since_read, colours, alpha); });
    if (progress) {
      progress->Show(times.network.count());
    }
  }
  if (finishing.valid()) {
    finishing.get();
  }
  times.total = total.Milliseconds();
  return times;
}

}  // namespace matting
