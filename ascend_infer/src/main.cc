// Runs an exported network on a folder of inputs or photos, or on a video; see --help.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "arguments.h"
#include "file_command.h"
#include "open_session.h"
#include "photo_command.h"
#include "pipe_command.h"
#include "video_command.h"

namespace {

// MindSpore Lite reads its log level before main() begins, so changing it needs a restart of the program.
void QuietRuntime(char** argv) {
  if (std::getenv("GLOG_v") == nullptr) {
    setenv("GLOG_v", "4", 1);  // its errors are returned as statuses, which we report ourselves
    std::error_code error;
    execv(std::filesystem::read_symlink("/proc/self/exe", error).c_str(), argv);  // the link itself would name it "exe"
  }
}

int Run(const matting::Arguments& arguments) {
  matting::CheckModel(arguments.model);
  if (arguments.pipe) {
    return matting::RunPipe(arguments);
  }
  if (!arguments.video.empty()) {
    return matting::RunVideo(arguments);
  }
  return arguments.photos.empty() ? matting::RunFiles(arguments) : matting::RunPhotos(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  QuietRuntime(argv);
  std::signal(SIGPIPE, SIG_IGN);  // writing then fails, which is reported, and temporary files are removed
  try {
    const matting::Arguments arguments = matting::ParseArguments(argc, argv);
    if (arguments.help) {
      std::cout << matting::kHelp;
      return matting::kDone;
    }
    return Run(arguments);
  } catch (const matting::UsageError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return matting::kUsage;
  } catch (const matting::LoadError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return matting::kCannotLoad;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return matting::kFailed;
  }
}
