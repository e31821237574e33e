// What the program needs differs by libcni version: *.mod beside this file. Each build names one of them, with -modfile.
module talospatch/tools/libcni

go 1.24
