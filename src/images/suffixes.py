"""File name suffixes of photos."""

# What Pillow reads (with pillow-heif also HEIC), but not what merely contains pictures, such as PostScript.
PHOTO_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib"),
    *(".heic", ".heif", ".hif", ".avif", ".avifs", ".gif", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    *(".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".tga", ".icb", ".vda", ".vst", ".psd", ".qoi", ".pcx", ".dcx"),
    *(".sgi", ".rgb", ".rgba", ".bw", ".ras", ".dds", ".ico", ".cur", ".icns", ".pcd", ".pxr", ".im", ".msp"),
    *(".xbm", ".xpm", ".fit", ".fits", ".fli", ".flc", ".blp", ".ftc", ".ftu", ".gbr"),
)
DATA_SUFFIXES = (".jpg", ".jpeg", ".png")  # of photos in generated data sets
HEIF_SUFFIXES = (".heic", ".heif", ".hif")
