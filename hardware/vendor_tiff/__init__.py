"""What microscopes write into their TIFF files, as one kind of value."""

from hardware.vendor_tiff.metadata import Beam, FrameMetadata, Vendor
from hardware.vendor_tiff.reading import UnreadableTiff, frame_metadata, read_frame_metadata

__all__ = ["Beam", "FrameMetadata", "UnreadableTiff", "Vendor", "frame_metadata", "read_frame_metadata"]
