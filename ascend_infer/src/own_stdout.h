// Stdout for results alone.
#ifndef ASCEND_INFER_OWN_STDOUT_H_
#define ASCEND_INFER_OWN_STDOUT_H_

#include <cstdio>
#include <memory>

namespace matting {

// Stdout as a stream of its own; what this program or a library prints to stdout from now on goes to stderr, since
// nothing else may come between results. Throws Error.
std::unique_ptr<std::FILE, int (*)(std::FILE*)> OwnStdout();

}  // namespace matting

#endif  // ASCEND_INFER_OWN_STDOUT_H_
