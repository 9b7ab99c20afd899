// The words of the protocol that callers of the client need: what a model asks for, and the values that are
// sent. They are defined once, in TesseraWire; `import TesseraClient` is enough to use them.
@_exported public import struct TesseraWire.Column
@_exported public import enum TesseraWire.Axis
@_exported public import enum TesseraWire.ColumnKind
@_exported public import enum TesseraWire.ColumnValues
@_exported public import struct TesseraWire.Output
@_exported public import struct TesseraWire.Signature
@_exported public import struct TesseraWire.TraceContext
