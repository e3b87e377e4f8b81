// Mattes the frames of one video. A network that takes its alpha of the frame before is given that.
#ifndef ASCEND_INFER_FRAME_MATTING_H_
#define ASCEND_INFER_FRAME_MATTING_H_

#include <optional>

#include "cut.h"
#include "letterbox.h"
#include "session.h"

namespace matting {

class FrameMatting {
 public:
  // For frames of one size. Throws LoadError if the network's shapes are not those of matting frames.
  FrameMatting(Session* session, const Size& frames);

  // Where the frame lies in the network's input.
  const Place& place() const { return place_; }

  // How often a cut emptied the previous alpha.
  int cuts() const { return cuts_; }

  // The network's input for the next frame, RGB. At a cut, the previous alpha is emptied.
  Picture Prepare(const Picture& frame);

  // The network's alpha for what Prepare returned, bars included; it is the next frame's previous one. Throws Error.
  Map Run(const Picture& input);

 private:
  Session* session_;
  Size size_ = {};
  Place place_ = {};
  std::vector<float> previous_;
  std::optional<Glance> glance_;
  int cuts_ = 0;
};

}  // namespace matting

#endif  // ASCEND_INFER_FRAME_MATTING_H_
