/// The ragged axis that rows lie on. Axes form a tree: every row of an axis belongs to one row of its
/// parent, and the rows of a parent's row lie together, in order.
///
/// ```
/// user ─┬─ event     T rows for each user, oldest first; T may be 0
///       └─ coupon    N rows for each user, in the order in which their scores are wanted
/// ```
///
/// This file is the only one that lists them. Others ask for ``parent`` and ``name``, or keep a
/// ``PerAxis`` value. Raw values are those of the wire.
@frozen
public enum Axis: UInt8, Hashable, Sendable, CaseIterable {
  /// One row per user: the root.
  case user = 0
  /// The history.
  case event = 1
  /// What is to be scored.
  case coupon = 2

  /// Every axis, parents first.
  @inlinable
  public static var allCases: [Axis] { [.user, .event, .coupon] }

  /// The axis whose rows own the rows of this one; nil for the root.
  @inlinable
  public var parent: Axis? {
    switch self {
    case .user: nil
    case .event, .coupon: .user
    }
  }

  /// Its place in a ``PerAxis``.
  @inlinable
  public var index: Int {
    switch self {
    case .user: 0
    case .event: 1
    case .coupon: 2
    }
  }

  /// As in `model.json`, in signatures and in messages.
  public var name: String {
    switch self {
    case .user: "user"
    case .event: "event"
    case .coupon: "coupon"
    }
  }

  /// Whether a row of `other` is owned, over any number of generations, by a row of this axis, or is
  /// one: then this axis's rows can be repeated for `other`.
  public func isOrSpans(_ other: Axis) -> Bool {
    var axis: Axis? = other
    while let current = axis {
      if current == self { return true }
      axis = current.parent
    }
    return false
  }
}

/// One value for each axis, in place: no allocation, no look-up.
///
/// All of it can be inlined: other modules use it for each request, and would otherwise call generic code.
@frozen
public struct PerAxis<Element: Sendable>: Sendable {
  // As many places as there are axes: see `init`.
  @usableFromInline
  var elements: InlineArray<3, Element>

  /// The same value for every axis.
  @inlinable
  public init(repeating element: Element) {
    elements = InlineArray(repeating: element)
    precondition(elements.count == Axis.allCases.count, "a place for each axis")
  }

  /// A value made for each axis.
  @inlinable
  public init(_ make: (Axis) -> Element) {
    self.init(repeating: make(.user))
    for axis in Axis.allCases.dropFirst() { self[axis] = make(axis) }
  }

  /// The value of an axis. Cost: O(1).
  @inlinable
  public subscript(axis: Axis) -> Element {
    get { elements[axis.index] }
    set { elements[axis.index] = newValue }
  }
}

extension PerAxis: Equatable where Element: Equatable {
  /// Whether the values of every axis are equal.
  @inlinable
  public static func == (left: PerAxis, right: PerAxis) -> Bool {
    Axis.allCases.allSatisfy { left[$0] == right[$0] }
  }
}

extension PerAxis: Hashable where Element: Hashable {
  /// Feeds the values in the order of the axes.
  public func hash(into hasher: inout Hasher) {
    for axis in Axis.allCases { hasher.combine(self[axis]) }
  }
}
