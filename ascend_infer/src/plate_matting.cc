#include "plate_matting.h"

#include <algorithm>

#include "guided_filter.h"
#include "plates.h"
#include "resize.h"

namespace matting {

namespace {

bool TakesPlates(Session* session) {
  if (session->InputCount() != 2) {
    return false;
  }
  const std::vector<int64_t> shape = session->InputShape(0);
  return shape.size() == 4 && shape[0] == 1 && shape[1] == 3 && session->InputShape(1) == shape &&
         session->InputType(0) == "float32" && session->InputType(1) == "float32" &&
         session->OutputShape(0) == std::vector<int64_t>{1, 1, shape[2], shape[3]};
}

// The size that a photo has in the network's input: its own, or that of a copy which fits.
Size Fitted(const Picture& photo, const Size& input) {
  const double scale = std::min(static_cast<double>(input.height) / photo.height,
                                static_cast<double>(input.width) / photo.width);
  if (scale >= 1) {
    return {photo.height, photo.width};
  }
  return {std::max(1, static_cast<int>(photo.height * scale)), std::max(1, static_cast<int>(photo.width * scale))};
}

// Writes planes R, G, B in 0..1, and repeats the picture's borders below and on the right.
void WritePlanes(const Picture& picture, const Size& size, float* planes) {
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < size.height; ++y) {
      const uint8_t* source = picture.Row(std::min(y, picture.height - 1)) + c;
      for (int x = 0; x < size.width; ++x) {
        *planes++ = static_cast<float>(source[3 * std::min(x, picture.width - 1)]) / 255;
      }
    }
  }
}

}  // namespace

PlateMatting::PlateMatting(Session* session) : session_(session) {
  if (!TakesPlates(session)) {
    throw LoadError("--plates: the network does not take a photo and its plate: it takes and gives " +
                    session->Describe());
  }
  const std::vector<int64_t> shape = session->InputShape(0);
  size_ = {static_cast<int>(shape[2]), static_cast<int>(shape[3])};
}

Prepared PlateMatting::Prepare(const PhotoJob& job, const Photo& photo) const {
  const Picture& colours = photo.colours;
  const Picture plate = ReadPlate(job.plate, colours);
  Prepared prepared;
  const std::string complaint = Complaint(colours, plate);
  if (!complaint.empty()) {
    prepared.remarks.push_back(job.source.string() + ": " + job.plate.string() + " " + complaint);
  }
  const Size fitted = Fitted(colours, size_);
  prepared.place = {0, 0, fitted.height, fitted.width};
  prepared.small = Resize(colours, fitted.height, fitted.width);
  if (fitted.height < colours.height) {
    prepared.remarks.push_back(job.source.string() +
                               ": is larger than the exported model, and matted on a smaller copy");
  }
  const size_t count = size_t{3} * size_.height * size_.width;
  prepared.input.resize(2 * count);
  WritePlanes(prepared.small, size_, prepared.input.data());
  WritePlanes(Resize(plate, fitted.height, fitted.width), size_, prepared.input.data() + count);
  return prepared;
}

Map PlateMatting::Run(const Photo&, const Prepared& prepared) const {
  session_->RunJoined(reinterpret_cast<const char*>(prepared.input.data()));
  const std::vector<float> alpha = session_->Output(0);  // the other is the foreground
  return CutPlace(alpha, size_.width, prepared.place);
}

Picture PlateMatting::Finish(const Photo& photo, const Prepared& prepared, const Map& alpha) const {
  const bool is_whole = alpha.height == photo.colours.height && alpha.width == photo.colours.width;
  return is_whole ? ToBytes(alpha) : GuidedFilter(photo.colours, prepared.small, alpha);
}

}  // namespace matting
