<#
.SYNOPSIS
Makes WSL boot the kernel of a given WSL release: downloads it, checks its signature, sets kernel=.

.PARAMETER Release
A release of https://github.com/microsoft/WSL, such as 2.6.1.0.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^\d+\.\d+\.\d+\.\d+$')]
    [string] $Release
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$env:WSL_UTF8 = '1'

$folder = Join-Path $env:TEMP "wsl-$Release"
$package = Join-Path $env:TEMP "wsl.$Release.x64.msi"
# Tags have three numbers, packages four.
$tag = $Release -replace '\.\d+$', ''
$address = "https://github.com/microsoft/WSL/releases/download/$tag/wsl.$Release.x64.msi"
Write-Host "kshare: downloading $address"
Invoke-WebRequest -UseBasicParsing -Uri $address -OutFile $package
$signature = Get-AuthenticodeSignature -FilePath $package
if ($signature.Status -ne 'Valid' -or $signature.SignerCertificate.Subject -notlike '*O=Microsoft Corporation*') {
    throw "the package is not signed by Microsoft: $($signature.Status)"
}
# An administrative install only unpacks.
$done = Start-Process msiexec.exe -Wait -PassThru -ArgumentList '/a', "`"$package`"", '/qn', "TARGETDIR=`"$folder`""
if ($done.ExitCode -ne 0) { throw "the package cannot be unpacked: msiexec ended with $($done.ExitCode)" }
$kernel = Get-ChildItem -Path $folder -Recurse -File -Filter kernel | Select-Object -First 1
if (-not $kernel) { throw 'the package holds no kernel' }
$lines = @('[wsl2]', "kernel=$($kernel.FullName -replace '\\', '\\')")
$modules = Get-ChildItem -Path $folder -Recurse -File -Filter modules.vhd | Select-Object -First 1
if ($modules) { $lines += "kernelModules=$($modules.FullName -replace '\\', '\\')" }
[System.IO.File]::WriteAllLines((Join-Path $env:USERPROFILE '.wslconfig'), $lines)
& wsl.exe --shutdown
Write-Host "kshare: WSL boots $($kernel.FullName) from now on"
