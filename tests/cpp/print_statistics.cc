// Prints mean, median, 95th percentile, min and max of the numbers on its command line.
#include <cstdio>
#include <cstdlib>

#include "timing.h"

int main(int argc, char** argv) {
  std::vector<double> values;
  for (int i = 1; i < argc; ++i) {
    values.push_back(std::atof(argv[i]));
  }
  const matting::Statistics s = matting::Summarise(values);
  std::printf("%.17g %.17g %.17g %.17g %.17g\n", s.mean, s.median, s.percentile_95, s.min, s.max);
}
