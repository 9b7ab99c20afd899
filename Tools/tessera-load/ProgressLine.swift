import Glibc
import LoadGenerator

/// One line on stderr that is overwritten every second, if a person is watching.
struct ProgressLine {
  let isShown = isatty(STDERR_FILENO) == 1

  func show(_ progress: LoadRun.Progress) {
    write(
      "\r\u{1B}[K\(Int(progress.seconds.rounded())) s: \(progress.scored) scored, "
        + "\(progress.refused) refused, \(progress.failed) failed")
  }

  func clear() {
    if isShown { write("\r\u{1B}[K") }
  }

  private func write(_ text: String) {
    var bytes = Array(text.utf8)
    // The call reads the array's bytes; a progress line that is lost is no harm.
    _ = unsafe Glibc.write(STDERR_FILENO, &bytes, bytes.count)
  }
}
