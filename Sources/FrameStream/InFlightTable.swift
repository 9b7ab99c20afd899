// Requests that wait for their reply, found by request id without hashing and, once the table has
// grown to its working size, without allocating. A request id is the number of a place in the table
// (low 32 bits) and how often that place has been used (high 32 bits), so an id is not seen twice on
// a connection before four thousand million uses of one place, and no id is 0 (which means GOAWAY).
//
// Public and inlinable, unlike its neighbours: generic code of another module is specialised for its entries only
// then, and unspecialised it looks types up at every request.

/// What waits for a reply, by request id.
public struct InFlightTable<Entry>: ~Copyable {
  @usableFromInline
  struct Place {
    @usableFromInline var uses: UInt32 = 0
    @usableFromInline var entry: Entry?

    @inlinable
    init() {}
  }

  @usableFromInline var places: [Place] = []
  @usableFromInline var free: [UInt32] = []

  /// An empty table.
  @inlinable
  public init() {}

  /// How many requests wait.
  @inlinable
  public var count: Int { places.count - free.count }

  /// Takes a place for `entry` and returns the request id that leads back to it.
  @inlinable
  public mutating func insert(_ entry: Entry) -> UInt64 {
    let index: UInt32
    if let last = free.popLast() {
      index = last
    } else {
      index = UInt32(places.count)
      places.append(Place())
    }
    places[Int(index)].uses &+= 1
    if places[Int(index)].uses == 0 { places[Int(index)].uses = 1 }
    places[Int(index)].entry = entry
    return UInt64(places[Int(index)].uses) << 32 | UInt64(index)
  }

  /// What waits under `requestID`; nil if that id is not waiting.
  @inlinable
  public subscript(requestID: UInt64) -> Entry? {
    place(of: requestID).flatMap { places[$0].entry }
  }

  /// Frees the place of `requestID` and returns what was there; nil if that id is not waiting.
  @inlinable
  public mutating func remove(_ requestID: UInt64) -> Entry? {
    guard let index = place(of: requestID) else { return nil }
    let entry = places[index].entry
    places[index].entry = nil
    free.append(UInt32(index))
    return entry
  }

  /// Lets `body` see and change every waiting entry, in no order that means anything.
  ///
  /// - Complexity: O(places), the largest number that ever waited at once.
  @inlinable
  public mutating func updateEach(_ body: (_ requestID: UInt64, inout Entry) -> Void) {
    for index in places.indices where places[index].entry != nil {
      if var entry = places[index].entry {
        body(UInt64(places[index].uses) << 32 | UInt64(index), &entry)
        places[index].entry = entry
      }
    }
  }

  /// Frees every place and returns what was there.
  @inlinable
  public mutating func removeAll() -> [Entry] {
    var entries: [Entry] = []
    for index in places.indices {
      if let entry = places[index].entry {
        entries.append(entry)
        places[index].entry = nil
        free.append(UInt32(index))
      }
    }
    return entries
  }

  @inlinable
  func place(of requestID: UInt64) -> Int? {
    let index = Int(requestID & 0xFFFF_FFFF)
    guard index < places.count, places[index].entry != nil,
      places[index].uses == UInt32(requestID >> 32)
    else { return nil }
    return index
  }
}
