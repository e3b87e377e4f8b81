// convert_nv21 to_rgb|to_nv21 HEIGHT WIDTH: converts the frame on stdin, for tests.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "nv21.h"

int main(int, char** argv) {
  const int height = std::atoi(argv[2]), width = std::atoi(argv[3]);
  matting::Picture colours(height, width, 3);
  std::vector<uint8_t> frame(matting::Nv21Size(height, width));
  const bool to_rgb = std::strcmp(argv[1], "to_rgb") == 0;
  std::vector<uint8_t>& source = to_rgb ? frame : colours.values;
  if (std::fread(source.data(), 1, source.size(), stdin) != source.size()) {
    return 1;
  }
  const std::vector<uint8_t> result =
      to_rgb ? matting::Nv21ToRgb(frame.data(), height, width).values : matting::RgbToNv21(colours);
  std::fwrite(result.data(), 1, result.size(), stdout);
}
