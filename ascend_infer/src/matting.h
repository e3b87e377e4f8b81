// The steps from a photo to its matte, whatever the network needs beside the photo.
#ifndef ASCEND_INFER_MATTING_H_
#define ASCEND_INFER_MATTING_H_

#include <string>
#include <vector>

#include "letterbox.h"
#include "photo_file.h"
#include "photo_jobs.h"

namespace matting {

// A photo, ready for the network.
struct Prepared {
  Place place;
  Picture small;                     // the photo at the size of its place
  std::vector<float> input;          // all inputs, one after the other
  std::vector<std::string> remarks;  // what the user should know
};

class Matting {
 public:
  virtual ~Matting() = default;

  // Throws InputError if something beside the photo cannot be read, or does not fit.
  virtual Prepared Prepare(const PhotoJob& job, const Photo& photo) const = 0;

  // The network's alpha of the photo, without bars. Throws Error.
  virtual Map Run(const Photo& photo, const Prepared& prepared) const = 0;

  // Alpha at the photo's size, 0..255, from the result of Run.
  virtual Picture Finish(const Photo& photo, const Prepared& prepared, const Map& alpha) const = 0;
};

}  // namespace matting

#endif  // ASCEND_INFER_MATTING_H_
