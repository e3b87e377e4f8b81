"""File name suffixes of photos."""

# What Pillow reads (with pillow-heif also HEIC), but not what merely contains pictures, such as PostScript.
HEIF_SUFFIXES = (".heic", ".heics", ".heif", ".heifs", ".hif")
PHOTO_SUFFIXES = (
    *HEIF_SUFFIXES,
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib"),
    *(".avif", ".avifs", ".gif", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".psd", ".qoi", ".ico"),
    *(".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".tga", ".icb", ".vda", ".vst", ".pcx", ".dcx", ".cur", ".dds"),
    *(".sgi", ".rgb", ".rgba", ".bw", ".ras", ".pcd", ".pxr", ".im", ".msp", ".xbm", ".xpm", ".fit", ".fits"),
    *(".icns", ".fli", ".flc", ".blp", ".ftc", ".ftu", ".gbr"),
)
DATA_SUFFIXES = (".jpg", ".jpeg", ".png")  # of photos in generated data sets
