#include "photo_matting.h"

#include <algorithm>

#include "guided_filter.h"
#include "resize.h"
#include "small_components.h"

namespace matting {

namespace {

constexpr size_t kAlphaOutput = 1;
constexpr float kMargin = 0.15f;  // alpha below becomes 0, above 1 - kMargin becomes 1

// The part of a square map that the photo covers, with its contrast stretched.
Map CutAndStretch(const Map& square, const Place& place) {
  Map part(place.height, place.width, 1);
  for (int y = 0; y < place.height; ++y) {
    const float* source = square.Row(place.top + y) + place.left;
    std::transform(source, source + place.width, part.Row(y), [](float alpha) {
      return std::clamp((alpha - kMargin) / (1 - 2 * kMargin), 0.0f, 1.0f);
    });
  }
  return part;
}

}  // namespace

PhotoMatting::PhotoMatting(Session* session, const Mean& mean) : session_(session), mean_(mean) {
  const std::vector<int64_t> shape = session->InputShape(0);
  const bool takes_plate = session->InputCount() == 2 && session->InputShape(1) == shape;
  const bool takes_photo = session->InputCount() == 1 && session->InputType(0) == "float32" && shape.size() == 4 &&
                           shape[0] == 1 && shape[1] == 3 && shape[2] == shape[3];
  if (!takes_photo || session->OutputCount() <= kAlphaOutput ||
      session->OutputShape(kAlphaOutput) != std::vector<int64_t>{1, 1, shape[2], shape[3]}) {
    throw LoadError("the network does not matte photos: it takes and gives " + session->Describe() +
                    (takes_plate ? "; for a photo and its plate, --plates is needed" : ""));
  }
  size_ = static_cast<int>(shape[2]);
}

Prepared PhotoMatting::Prepare(const PhotoJob&, const Photo& photo) const {
  const Place place = LetterboxPlace({photo.colours.height, photo.colours.width}, {size_, size_});
  Picture small = Resize(photo.colours, place.height, place.width);
  std::vector<float> input = LetterboxInput(small, place, size_, mean_);
  return {place, std::move(small), std::move(input), {}};
}

Map PhotoMatting::Run(const Prepared& prepared) const {
  session_->Run({prepared.input.data()});
  const std::vector<float> alpha = session_->Output(kAlphaOutput);
  session_->Run({Mirrored(prepared.input, size_).data()});
  const std::vector<float> mirrored = Mirrored(session_->Output(kAlphaOutput), size_);
  Map averaged(size_, size_, 1);
  std::transform(alpha.begin(), alpha.end(), mirrored.begin(), averaged.values.begin(),
                 [](float one, float other) { return (one + other) / 2; });
  RequireNumbers(averaged.values);
  return averaged;
}

Picture PhotoMatting::Finish(const Photo& photo, const Prepared& prepared, const Map& averaged) const {
  Map small = CutAndStretch(averaged, prepared.place);
  RemoveSmallComponents(&small);
  const Picture& colours = photo.colours;
  const bool shrinks = colours.height < small.height || colours.width < small.width;
  return shrinks ? ToBytes(ResizeCubic(small, colours.height, colours.width))
                 : GuidedFilter(colours, prepared.small, small);
}

}  // namespace matting
