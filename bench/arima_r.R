# Classic series fitted by R: maximum likelihood of given orders, and orders by auto.arima, quick and in full.
#
#   Rscript bench/arima_r.R FOLDER
#
# (Debian: r-base-core, r-cran-forecast.) Writes each series as FOLDER/NAME.csv (y, then regressors) and FOLDER/r.tsv with a row
# a fit: kind, name, season, orders, trend, log likelihood or AICc of the quick and of the full search, CPU seconds. `arima_r.py`
# reads them.
suppressMessages(library(forecast))
folder <- commandArgs(TRUE)[1]
dir.create(folder, showWarnings = FALSE)
rows <- file(file.path(folder, "r.tsv"), "w")

keep <- function(name, y, xreg) {
  table <- data.frame(y = as.numeric(y))
  if (!is.null(xreg)) table <- data.frame(table, xreg)
  write.csv(table, file.path(folder, paste0(name, ".csv")), row.names = FALSE, na = "")
}
told <- function(...) cat(paste(c(...), collapse = "\t"), "\n", file = rows, sep = "")
begun <- function() proc.time()[1]

given <- function(name, y, order, seasonal = c(0, 0, 0), season = 1, xreg = NULL, mean = FALSE) {
  begin <- begun()
  fit <- arima(y, order = order, seasonal = list(order = seasonal, period = season), xreg = xreg,
               include.mean = mean, method = "ML", optim.control = list(maxit = 1000))
  cpu <- begun() - begin
  keep(name, y, xreg)
  told("given", name, season, paste(c(order, seasonal), collapse = ","), if (mean) "c" else "n",
       sprintf("%.6f", fit$loglik), "", round(cpu, 3))
}
found <- function(name, y, xreg = NULL) {
  begin <- begun()
  quick <- auto.arima(y, xreg = xreg)
  full <- auto.arima(y, xreg = xreg, stepwise = FALSE, approximation = FALSE, max.order = 5)
  cpu <- begun() - begin
  keep(paste0("auto_", name), y, xreg)
  told("found", paste0("auto_", name), frequency(y), "", "", sprintf("%.6f", quick$aicc),
       sprintf("%.6f", full$aicc), round(cpu, 3))
}

belts <- cbind(kms = Seatbelts[, "kms"] / 1e4, price = Seatbelts[, "PetrolPrice"], law = Seatbelts[, "law"])
drivers <- log(Seatbelts[, "drivers"])
sales <- BJsales[4:150]
leading <- cbind(l3 = BJsales.lead[1:147])
holes <- co2
holes[c(5, 6, 7, 60, 61, 200, 201, 202, 203)] <- NA

given("logair", log(AirPassengers)[1:120], c(0, 1, 1), c(0, 1, 1), 12)
given("www", WWWusage[1:80], c(3, 1, 0))
given("seatbelts", drivers[1:180], c(1, 0, 0), c(0, 1, 1), 12, belts[1:180, ])
given("seatbelts2", drivers[1:180], c(1, 0, 1), c(1, 0, 1), 12, belts[1:180, ], TRUE)
given("usacc", USAccDeaths[1:48], c(0, 1, 1), c(0, 1, 1), 12)
given("nottem", nottem[1:216], c(1, 0, 0), c(2, 1, 0), 12)
given("nottem2", nottem[1:216], c(1, 0, 0), c(0, 1, 1), 12)
given("jj", log(JohnsonJohnson)[1:72], c(0, 1, 1), c(0, 1, 1), 4)
given("jj2", log(JohnsonJohnson)[1:72], c(1, 1, 1), c(0, 1, 1), 4)
given("bj", sales[1:142], c(1, 1, 1), xreg = leading[1:142, , drop = FALSE])
given("bj2", sales[1:142], c(1, 1, 0), xreg = leading[1:142, , drop = FALSE])
given("co2", co2, c(1, 1, 1), c(1, 1, 1), 12)
given("co2miss", holes, c(0, 1, 1), c(0, 1, 1), 12)
given("co2miss2", holes, c(1, 1, 1), c(1, 1, 1), 12)
given("ukdd", UKDriverDeaths, c(1, 0, 0), c(2, 1, 0), 12)
given("presidents", presidents, c(3, 0, 0), mean = TRUE)
for (name in c("AirPassengers", "WWWusage", "USAccDeaths", "Nile", "UKgas", "UKDriverDeaths", "JohnsonJohnson", "LakeHuron"))
  found(name, get(name))
found("log_air", log(AirPassengers))
found("log_lynx", log10(lynx))
found("seatbelts", ts(drivers, frequency = 12), belts)
found("bj", ts(sales), leading)
close(rows)
