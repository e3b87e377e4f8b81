// Command-line arguments.
#ifndef ASCEND_INFER_ARGUMENTS_H_
#define ASCEND_INFER_ARGUMENTS_H_

#include <filesystem>
#include <string>

#include "errors.h"

namespace matting {

struct Arguments {
  std::filesystem::path model;
  std::filesystem::path input;
  std::filesystem::path output;
  std::filesystem::path photos;  // in the place of input, with
  std::filesystem::path mattes;  // in that of output
  std::filesystem::path plates;  // of the photos: a file or a folder; empty: the network takes none
  bool overwrite = false;
  std::filesystem::path video;  // in the place of input, with output, mattes (both may be empty) and
  int height = 0, width = 0;    // of its frames
  std::string format = "nv21";  // or rgb
  std::string background = "#00ff00";
  bool pipe = false;  // in the place of all
  std::filesystem::path time_result;  // empty: not written
  std::string device = "CPU";
  int device_id = 0;
  std::string precision;  // empty: the runtime's default
  int threads = 0;        // 0: one per core that this process may use
  int warmup = 1;
  bool help = false;
};

class UsageError : public Error {
  using Error::Error;
};

extern const char kHelp[];

// Throws UsageError.
Arguments ParseArguments(int argc, char** argv);

}  // namespace matting

#endif  // ASCEND_INFER_ARGUMENTS_H_
