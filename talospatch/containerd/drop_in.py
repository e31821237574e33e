"""The names of the containerd drop-in in a machine config."""

PART_PATH = "/etc/cri/conf.d/20-customization.part"  # of an entry of machine.files
KIND = "CRICustomizationConfig"  # of a document, from 1.14.0-beta.0 on
