// The base class of the runner's exceptions; its text is the complete message for the user.
#ifndef ASCEND_INFER_ERRORS_H_
#define ASCEND_INFER_ERRORS_H_

#include <stdexcept>

namespace matting {

class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Exit statuses.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kSkipped = 3;     // finished, but some inputs could not be used
constexpr int kCannotLoad = 4;  // the network cannot be loaded on this device
constexpr int kStopped = 128;   // plus the signal's number

}  // namespace matting

#endif  // ASCEND_INFER_ERRORS_H_
