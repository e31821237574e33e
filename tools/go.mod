// What the programs below need differs by Talos minor: machinery/*.mod. Each build names one of them, with -modfile.
module talospatch/tools

go 1.24
