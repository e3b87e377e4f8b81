// From a photo and its plate to the photo's matte, as src/plates/matting.py does.
#ifndef ASCEND_INFER_PLATE_MATTING_H_
#define ASCEND_INFER_PLATE_MATTING_H_

#include "matting.h"
#include "session.h"

namespace matting {

class PlateMatting : public Matting {
 public:
  // Throws LoadError if the network does not take a photo and its plate.
  explicit PlateMatting(Session* session);

  Prepared Prepare(const PhotoJob& job, const Photo& photo) const override;

  Map Run(const Photo& photo, const Prepared& prepared) const override;

  Picture Finish(const Photo& photo, const Prepared& prepared, const Map& alpha) const override;

 private:
  Session* session_;
  Size size_;
};

}  // namespace matting

#endif  // ASCEND_INFER_PLATE_MATTING_H_
