#include "photo_matting.h"

#include <algorithm>

#include "closer_look.h"
#include "guided_filter.h"
#include "resize.h"
#include "search.h"
#include "small_components.h"

namespace matting {

namespace {

constexpr size_t kAlphaOutput = 1;
constexpr float kMargin = 0.15f;  // alpha below becomes 0, above 1 - kMargin becomes 1

void StretchContrast(Map* alpha) {
  for (float& value : alpha->values) {
    value = std::clamp((value - kMargin) / (1 - 2 * kMargin), 0.0f, 1.0f);
  }
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

Prepared PhotoMatting::Prepare(const PhotoJob&, const Photo& photo) const { return Prepare(photo.colours); }

Prepared PhotoMatting::Prepare(const Picture& colours) const {
  const Place place = LetterboxPlace({colours.height, colours.width}, {size_, size_});
  Picture small = Resize(colours, place.height, place.width);
  std::vector<float> input = LetterboxInput(small, place, size_, mean_);
  return {place, std::move(small), std::move(input), {}};
}

std::vector<float> PhotoMatting::RunOnce(const std::vector<float>& input) const {
  session_->Run({input.data()});
  return session_->Output(kAlphaOutput);
}

Map PhotoMatting::RunWithMirrorImage(const Prepared& prepared) const {
  std::vector<float> averaged = RunOnce(prepared.input);
  const std::vector<float> mirrored = Mirrored(RunOnce(Mirrored(prepared.input, size_)), size_);
  std::transform(averaged.begin(), averaged.end(), mirrored.begin(), averaged.begin(),
                 [](float one, float other) { return (one + other) / 2; });
  return CutPlace(averaged, size_, prepared.place);
}

std::vector<Map> PhotoMatting::RunParts(const Picture& colours, const std::vector<Place>& parts) const {
  std::vector<Map> maps;
  for (const Place& part : parts) {
    const Prepared alone = Prepare(CutPlace(colours.values, colours.width, part, colours.channels));
    maps.push_back(CutPlace(RunOnce(alone.input), size_, alone.place));
  }
  return maps;
}

Map PhotoMatting::Run(const Photo& photo, const Prepared& prepared) const {
  const Picture& colours = photo.colours;
  Map whole = RunWithMirrorImage(prepared);
  const std::vector<Place> tiles = FindTiles(colours, whole);
  if (!tiles.empty()) {
    whole = JoinedTiles(colours, tiles, RunParts(colours, tiles));
  }
  const Look look = FindLook(colours, whole);
  if (look.parts.empty()) {
    return whole;
  }
  if (look.parts.size() > 1) {
    return Joined(colours, look, whole, RunParts(colours, look.parts));
  }
  const Prepared part = Prepare(CutPlace(colours.values, colours.width, look.parts[0], colours.channels));
  return Joined(colours, look, whole, {RunWithMirrorImage(part)});
}

Picture PhotoMatting::Finish(const Photo& photo, const Prepared& prepared, const Map& alpha) const {
  Map small = alpha;
  StretchContrast(&small);
  RemoveSmallComponents(&small);
  const Picture& colours = photo.colours;
  if (colours.height < small.height || colours.width < small.width) {
    return ToBytes(ResizeCubic(small, colours.height, colours.width));
  }
  const bool is_whole = small.height == prepared.place.height && small.width == prepared.place.width;
  return GuidedFilter(colours, is_whole ? prepared.small : Resize(colours, small.height, small.width), small);
}

}  // namespace matting
