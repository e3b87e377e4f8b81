// The network that the command line asks for, and where its times are written.
#ifndef ASCEND_INFER_OPEN_SESSION_H_
#define ASCEND_INFER_OPEN_SESSION_H_

#include <memory>

#include "arguments.h"
#include "session.h"

namespace matting {

// Throws Error if the model is no file that can be read.
void CheckModel(const std::filesystem::path& model);

// Loads the network, describes it on stdout and runs it for --warmup. Throws Error.
std::unique_ptr<Session> OpenSession(const Arguments& arguments);

// Writes a report to the folder of --time_result, if that is given. Throws Error.
void WriteTimes(const Arguments& arguments, const std::string& report);

}  // namespace matting

#endif  // ASCEND_INFER_OPEN_SESSION_H_
