// From a photo alone to its matte, by the protocol "default" of src/inference/protocol.py.
#ifndef ASCEND_INFER_PHOTO_MATTING_H_
#define ASCEND_INFER_PHOTO_MATTING_H_

#include "matting.h"
#include "session.h"

namespace matting {

class PhotoMatting : public Matting {
 public:
  // Throws LoadError if the network's shapes are not those of matting.
  PhotoMatting(Session* session, const Mean& mean);

  Prepared Prepare(const PhotoJob& job, const Photo& photo) const override;

  // Runs the network on the photo and its mirror image, and averages both alphas; then, perhaps, on parts of the photo.
  Map Run(const Photo& photo, const Prepared& prepared) const override;

  Picture Finish(const Photo& photo, const Prepared& prepared, const Map& alpha) const override;

 private:
  Prepared Prepare(const Picture& colours) const;

  // The mean of the network's alphas for a photo and its mirror image, without bars.
  Map RunWithMirrorImage(const Prepared& prepared) const;

  // The network's alpha for each part of a photo, without bars.
  std::vector<Map> RunParts(const Picture& colours, const std::vector<Place>& parts) const;

  // The network's alpha for an input, bars included.
  std::vector<float> RunOnce(const std::vector<float>& input) const;

  Session* session_;
  Mean mean_;
  int size_;
};

}  // namespace matting

#endif  // ASCEND_INFER_PHOTO_MATTING_H_
