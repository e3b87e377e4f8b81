#include "frame_matting.h"

#include <algorithm>

#include "resize.h"

namespace matting {

namespace {

constexpr uint8_t kBars = 128;  // 127.5, which the network subtracts, rounded

bool TakesFrames(Session* session) {
  const std::vector<int64_t> frame = session->InputShape(0);
  if (frame.size() != 4 || session->InputType(0) != "uint8") {
    return false;
  }
  const std::vector<int64_t> alpha = {1, 1, frame[1], frame[2]};
  const bool takes_previous = session->InputCount() == 2 && session->InputShape(1) == alpha &&
                              session->InputType(1) == "float32";
  return frame[0] == 1 && frame[3] == 3 && (session->InputCount() == 1 || takes_previous) &&
         session->OutputCount() == 1 && session->OutputShape(0) == alpha;
}

}  // namespace

FrameMatting::FrameMatting(Session* session, const Size& frames) : session_(session) {
  if (!TakesFrames(session)) {
    throw LoadError("the network does not matte frames: it takes and gives " + session->Describe());
  }
  const std::vector<int64_t> shape = session->InputShape(0);
  size_ = {static_cast<int>(shape[1]), static_cast<int>(shape[2])};
  place_ = LetterboxPlace(frames, size_);
  previous_.resize(static_cast<size_t>(size_.height) * size_.width);
}

Picture FrameMatting::Prepare(const Picture& frame) {
  Glance glance = GlanceAt(frame);
  if (glance_ && IsCut(*glance_, glance)) {
    std::fill(previous_.begin(), previous_.end(), 0.0f);
    ++cuts_;
  }
  glance_ = std::move(glance);
  return LetterboxFrame(Resize(frame, place_.height, place_.width), place_, size_, kBars);
}

Map FrameMatting::Run(const Picture& input) {
  std::vector<const void*> inputs = {input.values.data()};
  if (session_->InputCount() == 2) {
    inputs.push_back(previous_.data());
  }
  session_->Run(inputs);
  previous_ = session_->Output(0);
  Map alpha(size_.height, size_.width, 1);
  alpha.values = previous_;
  return alpha;
}

}  // namespace matting
