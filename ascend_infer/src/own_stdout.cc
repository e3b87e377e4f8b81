#include "own_stdout.h"

#include <unistd.h>

#include "errors.h"

namespace matting {

std::unique_ptr<std::FILE, int (*)(std::FILE*)> OwnStdout() {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> own(fdopen(dup(STDOUT_FILENO), "wb"), std::fclose);
  if (own == nullptr || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    throw Error("stdout cannot be used");
  }
  return own;
}

}  // namespace matting
