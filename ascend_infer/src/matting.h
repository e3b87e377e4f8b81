// The steps from a photo to its matte, those of the protocol "default" of src/inference/protocol.py.
#ifndef ASCEND_INFER_MATTING_H_
#define ASCEND_INFER_MATTING_H_

#include "letterbox.h"
#include "photo_file.h"
#include "session.h"

namespace matting {

// A photo, ready for the network.
struct Prepared {
  Place place;
  Picture small;  // the photo at the size of its place
  std::vector<float> input;
};

class Matting {
 public:
  // Throws LoadError if the network's shapes are not those of matting.
  Matting(Session* session, const Mean& mean);

  Prepared Prepare(const Photo& photo) const;

  // Runs the network on the photo and its mirror image, and averages both alphas. Throws Error.
  Map Run(const Prepared& prepared) const;

  // Alpha at the photo's size, 0..255, from the result of Run; never above the photo's own.
  Picture Finish(const Photo& photo, const Prepared& prepared, const Map& averaged) const;

 private:
  Session* session_;
  Mean mean_;
  int size_;
};

}  // namespace matting

#endif  // ASCEND_INFER_MATTING_H_
