"""ID photos: a snapshot, cut out, straightened, cropped to a document's size before a plain background."""
