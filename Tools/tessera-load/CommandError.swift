import Foundation

/// What went wrong, in one line: goes to stderr, and the exit code is 1.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A whole file.
func readFile(_ path: String, bytesMax: Int) throws(CommandError) -> [UInt8] {
  guard FileManager.default.fileExists(atPath: path) else {
    throw CommandError("\(path): there is no such file")
  }
  let data: Data
  do {
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    guard size <= bytesMax else {
      throw CommandError("\(path) has \(size) bytes, at most \(bytesMax) are read")
    }
    data = try Data(contentsOf: URL(filePath: path))
  } catch let error as CommandError {
    throw error
  } catch {
    throw CommandError("\(path) cannot be read: \(error.localizedDescription)")
  }
  return Array(data)
}
