#include "pipe_command.h"

#include <cstdio>
#include <memory>

#include "open_session.h"
#include "own_stdout.h"

namespace matting {

namespace {

std::string Header(Session* session) {
  std::string header = "shm_infer";
  const auto add = [&](std::string before, const std::vector<int64_t>& shape) {
    for (const int64_t side : shape) {
      header += before + std::to_string(side);
      before = ",";
    }
  };
  for (size_t i = 0; i < session->InputCount(); ++i) {
    const std::string type = session->InputType(i);
    add((i == 0 ? " " : ";") + (type == "float32" ? "" : type + ":"), session->InputShape(i));
  }
  for (size_t i = 0; i < session->OutputCount(); ++i) {
    add(" ", session->OutputShape(i));
  }
  return header + "\n";
}

void Write(std::FILE* stream, const char* data, size_t size) {
  if (std::fwrite(data, 1, size, stream) != size) {
    throw Error("the outputs cannot be written to stdout");
  }
}

}  // namespace

int RunPipe(const Arguments& arguments) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> answers = OwnStdout();
  const std::unique_ptr<Session> session = OpenSession(arguments);
  const std::string header = Header(session.get());
  Write(answers.get(), header.data(), header.size());
  std::fflush(answers.get());
  Bytes input(session->InputSize());
  std::vector<Bytes> outputs;
  size_t count = 0;
  while ((count = std::fread(input.data(), 1, input.size(), stdin)) == input.size()) {
    session->RunJoined(input.data());
    session->CopyOutputs(&outputs);
    for (const Bytes& output : outputs) {
      Write(answers.get(), output.data(), output.size());
    }
    if (std::fflush(answers.get()) != 0) {
      throw Error("the outputs cannot be written to stdout");
    }
  }
  if (count > 0) {
    throw Error("the last input has " + std::to_string(count) + " bytes, but the network's input has " +
                std::to_string(input.size()));
  }
  return kDone;
}

}  // namespace matting
