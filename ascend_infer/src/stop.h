// Ctrl-C and SIGTERM end a run after the photos in work; a second one ends it at once.
#ifndef ASCEND_INFER_STOP_H_
#define ASCEND_INFER_STOP_H_

namespace matting {

void HandleStopSignals();

// The number of the signal that asked to stop, or 0.
int StopSignal();

}  // namespace matting

#endif  // ASCEND_INFER_STOP_H_
