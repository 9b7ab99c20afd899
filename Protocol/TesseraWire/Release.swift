/// What is released together: the server, the tools and the Python package.
public enum Release {
  /// As `--version` prints it and WELCOME tells it.
  public static let number = "0.2.0"
}
