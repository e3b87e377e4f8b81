// Prints the report of a video whose frames took 0, 1, 2, ... milliseconds in every stage:
//   print_video_report NUMBER_OF_FRAMES
#include <cstdio>
#include <cstdlib>

#include "video_times.h"

int main(int, char** argv) {
  const int count = std::atoi(argv[1]);
  matting::VideoTimes times;
  for (auto* stage : {&times.conversion, &times.resize, &times.network, &times.compositing, &times.conversion_back,
                      &times.whole}) {
    for (int i = 0; i < count; ++i) {
      stage->Add(i);
    }
  }
  times.total = count;
  std::fputs(matting::StageReport(times, 2).c_str(), stdout);
}
